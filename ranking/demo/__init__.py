"""Made-up history for development: a catalogue, its viewers and what they did, shaped like real history.

Pure: NumPy and a seed, no Django and no I/O. `ranking.demo.generator` is the way in, `manage.py load_demo`
loads it.
"""
