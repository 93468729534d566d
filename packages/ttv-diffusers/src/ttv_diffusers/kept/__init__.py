"""A worker that stays warm between commands, by the user's wish.

`PipelineGenerator.keep` starts a process that holds a worker and lends it, job by job, to every
process of the same user whose settings say the same: over a Unix socket in the state folder, in the
messages that a worker is spoken with anyway. Jobs are served in the order in which they come.
"""
