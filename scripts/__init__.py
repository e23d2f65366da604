"""Tools for working on Pairsight itself; the product never imports them."""
