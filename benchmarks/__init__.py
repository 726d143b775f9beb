"""How fast the product is, beside other ways to do the same; run by `make bench`, no part of the tests."""
