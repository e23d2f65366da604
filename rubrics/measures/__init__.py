"""Text measures: what a text's words alone can tell, with whole-number weights that ship with the product."""
