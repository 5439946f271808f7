"""One conformance suite for model servers, ours and others': ``python -m conformance URL``.

Standard library only, so that whoever writes a server can run it wherever Python 3.11 is.
docs/custom-servers.md says what is asked for and why.
"""
