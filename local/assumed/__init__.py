"""What is taken for true about AWS where AWS cannot be asked: dated, with its sources.

`facts.yaml` holds what only a person can know (which account an environment has). Everything
else comes from the tables that the local cloud answers from, so that a fact has one place.
"""
