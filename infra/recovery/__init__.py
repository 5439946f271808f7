"""What a run that died has left: found in the cloud and taken into the state, or dropped.

The engine writes down that it is about to create something, and forgets to look whether it did.
Here is what looks: through boto3 and the Kubernetes client, so it serves the official providers
and the stand-ins alike. See docs/recovery.md.
"""
