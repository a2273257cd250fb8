from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest
from visgen.specimens import images
from visgen.specimens.decoding_memory import TOTAL, Turns, bytes_to_decode


class FakeDecoder:
    """Counts the bytes that are held at once; many threads decode."""

    def __init__(self, turns):
        self.turns, self.lock = turns, Lock()
        self.held = self.most = self.together = self.n = 0

    def decode(self, n_bytes):
        with self.turns.take(n_bytes):
            with self.lock:
                self.held, self.n = self.held + n_bytes, self.n + 1
                self.most, self.together = max(self.most, self.held), max(self.together, self.n)
            Event().wait(0.002)
            with self.lock:
                self.held, self.n = self.held - n_bytes, self.n - 1


def test_images_in_work_never_need_more_than_the_total():
    fake = FakeDecoder(Turns(100))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(fake.decode, [30, 7, 60, 1, 99, 100, 45, 5] * 5))
    assert 60 < fake.most <= 100
    assert fake.together > 1
    assert fake.held == 0


def test_one_that_needs_more_than_the_total_is_decoded_alone():
    fake = FakeDecoder(Turns(100))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fake.decode, [1000] * 4))
    assert (fake.most, fake.together) == (1000, 1)


def test_what_an_error_held_is_given_back():
    turns = Turns(100)
    for _ in range(3):
        with pytest.raises(OSError, match="damaged"), turns.take(80):
            raise OSError("damaged")
    with turns.take(100):
        pass


def test_bytes_follow_from_the_header():
    assert bytes_to_decode((12_000, 12_000)) == 24 * 144_000_000 < TOTAL
    assert bytes_to_decode((800, 600), (200, 150)) == 6 * 800 * 600 + 24 * 200 * 150


def test_every_image_takes_its_turn_before_it_is_decoded(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("RGB", (50, 30)).save(tmp_path / "a.png")
    Image.new("RGB", (50, 30)).save(tmp_path / "a.webp")
    events = []

    class Recording(Turns):
        def take(self, n_bytes):
            events.append(n_bytes)
            return super().take(n_bytes)

    monkeypatch.setattr(images, "_TURNS", Recording(10**9))
    decode = images.decode
    monkeypatch.setattr(images, "decode", lambda *args: events.append("decoded") or decode(*args))
    for name in ("a.png", "a.webp"):
        images.load_image(tmp_path / name)
        images.inspect_image(tmp_path / name)
    assert events == [24 * 50 * 30, "decoded"] * 4
