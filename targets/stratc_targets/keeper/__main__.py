"""`python -m stratc_targets.keeper`: the keeper without the rest of the command line."""

import sys
from argparse import ArgumentParser

from stratc_targets.keeper.arguments import add_arguments
from stratc_targets.keeper.command import main

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m stratc_targets.keeper", description="Keep one vault.")
    add_arguments(parser)
    sys.exit(main(parser.parse_args()))
