"""Progressive delivery of a served model: the program that a rollout's workflow runs.

It moves the weights of the model's routes, watches the candidate by its metrics, and takes the
weights back when the candidate is worse. What it knows is kept at the route itself, so every
command may be killed and run again. Standard library only, so that its image is small.
"""
