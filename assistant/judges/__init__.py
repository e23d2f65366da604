"""Services whose models may be asked for a judgement: one file each, found by listing the folder."""
