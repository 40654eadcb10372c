import time


def test_play(found, files, small_policy):
    t = time.time()
    def lap(w):
        nonlocal t
        print(f"{w}: {time.time()-t:.1f}"); t = time.time()
    synth = files(1); lap("synth")
    with found(small_policy, synth) as county:
        lap("found")
        play = county.play
        play.say = lap
        play.first_month("2026-10"); lap("1")
        play.second_month("2026-11"); lap("2")
    lap("close")
