"""The child: ``python -m automl_components.launch``; with ``--warm``, the process that others are forked from."""

import sys

if sys.argv[1:2] == ["--warm"]:
    from automl_components.launch import warm

    warm.main(sys.argv[2])
else:
    from automl_components.launch import child

    child.main()
