"""`ttv resume`: take up jobs at vendors again, and bring their videos home."""

from __future__ import annotations

import click

from ttv_cli import options
from ttv_cli.completing import complete_unfinished

EPILOG = """\b
Examples:
  ttv resume                 # the one job that is not finished
  ttv resume 7QK2M1XA        # the beginning or the end of an id is enough
  ttv resume --all           # every one, side by side
  ttv resume 7QK2M1XA --new-key

A job at a vendor outlives the command that began it: after Ctrl-C, a crash or a reboot this asks
the vendor how far it is and fetches the video. Nothing is created a second time. If another
process works on the job, this one follows it. `ttv jobs` lists them all.
"""


@click.command(epilog=EPILOG)
@click.argument("job", metavar="[ID]", required=False, shell_complete=complete_unfinished)
@click.option("--all", "everything", is_flag=True, help="Every job that is not finished.")
@click.option(
    "--new-key", is_flag=True, help="The account's key was renewed: do not hold it against the job."
)
@options.wait_options
@options.config_option
@options.json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress, no notes.")
def resume(
    job: str | None,
    everything: bool,  # noqa: FBT001 - click passes by keyword
    new_key: bool,  # noqa: FBT001
    timeout: float | None,
    poster: bool,  # noqa: FBT001
    config_file: str | None,
    as_json: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Take up a job at a vendor again, and bring its video home."""
    from ttv_cli.arguments import read_config
    from ttv_cli.finished import tell
    from ttv_cli.resuming import How, brought_home, only_unfinished

    if job and everything:
        msg = "say an ID or --all, not both"
        raise click.UsageError(msg)
    config = read_config(config_file)
    how = How(config=config, new_key=new_key, timeout=timeout, poster=poster, quiet=quiet)
    if everything:
        from ttv_cli.resuming_all import brought_home_all

        return brought_home_all(how, as_json=as_json)
    job = job or only_unfinished(as_json=as_json)
    if job is None:
        return 0
    tell(brought_home(job, how), as_json=as_json)
    return 0
