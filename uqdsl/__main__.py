"""`python -m uqdsl`."""

from uqdsl.cli.main import main

if __name__ == "__main__":
    main()
