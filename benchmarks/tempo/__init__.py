"""The turn taker over recorded sound, faster than real time: see `benchmarks.tempo.__main__`."""
