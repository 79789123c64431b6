"""`python -m rejoinder`: the same as the `rejoinder` command."""

from rejoinder.cli import entry

if __name__ == "__main__":
    entry()
