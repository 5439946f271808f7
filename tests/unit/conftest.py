"""What all unit tests share."""

import gc

# The provider SDKs fill the heap with a million objects that stay: looking through them again and
# again took a quarter of the suite's time.
gc.set_threshold(100_000, 20, 20)
