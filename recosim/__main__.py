"""`python -m recosim`: the command line."""

from recosim.cli import main

if __name__ == "__main__":
    main()
