"""Retrieval: from words to ranked items; tokens, index, BM25, query expansion, dense vectors."""
