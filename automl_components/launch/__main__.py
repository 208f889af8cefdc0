"""The child: ``python -m automl_components.launch``."""

from automl_components.launch.child import main

main()
