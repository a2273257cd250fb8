"""What unknown specimens are called, which names can occur, and which labels are doubtful."""
