SELECT next_page, forgotten FROM forget_receipts($1, $2, $3)
