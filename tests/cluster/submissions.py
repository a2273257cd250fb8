"""Snakemake that submits nothing and writes a line of JSON for each job that it would submit.

Takes the words of Snakemake's command line. A line has the rules and what is asked for them.
"""

import json
import sys

from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler


def write_submissions(scheduler):
    """Write what the plan would submit, instead of submitting it."""
    dag = scheduler.workflow.dag
    submissions = {
        submitted: list(getattr(submitted, "jobs", [submitted]))
        for job in dag.needrun_jobs()
        if not job.is_local
        for submitted in [dag.get_job_group(job) or job]
    }
    for submitted, jobs in submissions.items():
        asked = {key: submitted.resources.get(key, 0) for key in ("mem_mb", "runtime", "gpu")}
        rules = sorted(job.rule.name for job in jobs)
        print(json.dumps({"jobs": sorted(map(str, map(id, jobs))), "rules": rules} | asked))
    return True


if __name__ == "__main__":
    JobScheduler.schedule = write_submissions
    main(sys.argv[1:])
