"""The command line as a program: ``automl`` and ``python -m automl_components``; its commands are in ``cli/``."""

from automl_components.cli import main

if __name__ == "__main__":
    main()
