"""One turn's time stamps and the latencies made from them."""
