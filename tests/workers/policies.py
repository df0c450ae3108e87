"""Policies for the tests: what devices of a precision are judged by."""

from workers.policy import Policy

FP32 = Policy("fp32", 1, "float32", atol_rel=2e-4, rtol=1e-4, sqnr_db=75.0, cosine=0.99999)
FP16 = Policy("fp16", 1, "float16", atol_rel=1e-2, rtol=1e-2, sqnr_db=40.0, cosine=0.999, allowed_share=0.01)
