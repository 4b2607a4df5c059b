"""Inverse depth from pictures: the catalogue of networks, their weights, and the estimator that runs them."""
