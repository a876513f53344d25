"""How well wrong labels are found that were planted: mnist, digits, and a table whose target chance decides in part.

    python benchmarks/label_problems.py [--folds 4] [--noise 0.05] [mnist] [digits] [table]

Each fold is a run by `train()`; what it says of the examples that it has not learned from is put together, and
`class_problems` gets the whole. `clean` is the same without planted labels: there nothing may stand out. mnist needs
the images in ../shared/data/mnist, or in the folder that BIGMODEL_MNIST names.
"""
