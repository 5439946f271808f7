"""The policy pack of the LLM platform: what a run may and may not do.

`catalogue.POLICIES` lists every policy as data with a pure check; `levels.LEVELS` says how
strictly each is enforced in each environment. `policies/__main__.py` serves the pack to the
Pulumi engine and is the only place that does: everything here can be imported freely.
"""
