"""Cards with tables of scores and speeds, for tests; the numbers are published ones."""

from __future__ import annotations

from hubq.audit.subject import Subject
from tests.audit.cases import case

SCORES = """\
# Small-VL-2B-Instruct-AWQ

Evaluated on MMMU_VAL, DocVQA_VAL, MMBench_DEV_EN and MathVista_MINI.

| Model | Quantization | MMMU | DocVQA | MMBench | MathVista |
|---|---|---|---|---|---|
| Small-VL-2B-Instruct | BF16 | 41.88 | 88.34 | 72.07 | 44.40 |
| | GPTQ-Int8 | 41.55 | 88.28 | 71.99 | 44.60 |
| | GPTQ-Int4 | 39.22 | 87.21 | 70.87 | 41.69 |
| | AWQ | 41.33 | 86.96 | 71.64 | 39.90 |
"""
"""Qwen2-VL-2B-Instruct and its quantized variants, as their card has them."""

LARGER = """\
# Large-VL

Evaluated on MMMU_VAL, DocVQA_VAL, MMBench_DEV_EN and MathVista_MINI.

| Model | Quantization | MMMU | DocVQA | MMBench | MathVista |
|---|---|---|---|---|---|
| Large-VL-72B-Instruct | BF16 | 65.44 | 95.79 | 86.94 | 70.19 |
| | GPTQ-Int8 | 64.56 | 95.84 | 87.03 | 68.90 |
| | GPTQ-Int4 | 64.00 | 95.70 | 86.68 | 69.20 |
| | AWQ | 64.22 | 95.72 | 86.43 | 68.40 |
| Large-VL-7B-Instruct | BF16 | 53.77 | 93.89 | 81.78 | 58.20 |
| | GPTQ-Int8 | 53.00 | 93.94 | 82.38 | 57.90 |
| | GPTQ-Int4 | 52.55 | 93.16 | 81.27 | 60.30 |
| | AWQ | 53.66 | 93.10 | 81.61 | 56.80 |
"""
"""Qwen2-VL-72B-Instruct and -7B-Instruct, in one table."""

SPEEDS = """\
# Small-VL-2B-Instruct-AWQ

| Model | Input Length | Quantization | GPU Num | Speed (tokens/s) | GPU Memory (GB) |
|---|---|---|---|---|---|
| Small-VL-2B-Instruct | 1 | BF16 | 1 | 35.29 | 4.68 |
| | | GPTQ-Int8 | 1 | 28.59 | 3.55 |
| | | GPTQ-Int4 | 1 | 39.76 | 2.91 |
| | 6144 | BF16 | 1 | 36.58 | 10.01 |
| | | GPTQ-Int8 | 1 | 29.53 | 8.87 |
| | | GPTQ-Int4 | 1 | 39.27 | 8.21 |
| | 14336 | BF16 | 2 | 36.31 | 17.20 |
| | | GPTQ-Int8 | 1 | 31.03 | 16.07 |
| | | GPTQ-Int4 | 1 | 39.89 | 15.40 |
"""
"""Speeds of the 2B; the number of GPUs at 14336 is changed."""

AVERAGES = """\
# Methods

| Method | Chart | Doc | MME-EN | MME-CN | OCR | SciQA | Seed | TextVQA | Avg |
|---|---|---|---|---|---|---|---|---|---|
| Big-VL-32B-Instruct-INT3 | | | | | | | | | |
| GPTQ | 43.88 | 88.26 | 51.77 | 47.76 | 76.50 | 87.22 | 64.87 | 73.88 | 74.20 |
| GPTAQ | 52.52 | 88.72 | 52.13 | 42.67 | 77.40 | 79.46 | 67.89 | 72.88 | 73.68 |
| VLMQ | 49.84 | 87.47 | 53.05 | 43.45 | 76.90 | 83.92 | 65.96 | 73.44 | 74.31 |
| Tiny-VL-0.5B-INT3 | | | | | | | | | |
| Full Prec | 61.48 | 69.01 | 38.94 | 32.13 | 57.60 | 63.36 | 53.05 | 65.83 | 63.46 |
| GPTQ | 9.32 | 9.35 | 13.40 | 21.63 | 21.70 | 10.09 | 0.57 | 4.34 | 10.96 |
| GPTAQ | 2.88 | 7.70 | 9.20 | 11.27 | 20.70 | 5.35 | 1.23 | 9.22 | 9.17 |
| VLMQ | 8.04 | 16.40 | 20.42 | 15.08 | 29.20 | 7.90 | 3.03 | 12.77 | 14.86 |
"""
"""The seven averages of VLMQ's appendix table 6, all wrong."""

RECOVERY = """\
# Small-8B-FP8

It achieves an average score of 68.22 on the suite, whereas the unquantized model achieves 68.71.

<table>
<tr><td><strong>Benchmark</strong></td><td><strong>Small-8B-Instruct</strong></td>
<td><strong>Small-8B-Instruct-FP8 (this model)</strong></td><td><strong>Recovery</strong></td></tr>
<tr><td>MMLU (5-shot)</td><td>66.60</td><td>66.27</td><td>99.50%</td></tr>
<tr><td>ARC Challenge (25-shot)</td><td>62.54</td><td>61.77</td><td>98.76%</td></tr>
<tr><td>GSM-8K (5-shot, strict-match)</td><td>75.96</td><td>73.99</td><td>97.40%</td></tr>
<tr><td>Hellaswag (10-shot)</td><td>78.83</td><td>78.56</td><td>99.65%</td></tr>
<tr><td>Winogrande (5-shot)</td><td>75.93</td><td>76.40</td><td>100.6%</td></tr>
<tr><td>TruthfulQA (0-shot)</td><td>52.44</td><td>52.35</td><td>99.82%</td></tr>
<tr><td><strong>Average</strong></td><td><strong>68.71</strong></td><td><strong>68.22</strong></td>
<td><strong>99.28%</strong></td></tr>
</table>
"""
"""A card with recoveries, all right."""


def with_changes(card: str, *changes: tuple[str, str]) -> Subject:
    """Return a card with texts replaced; each must stand there once."""
    for old, new in changes:
        assert card.count(old) == 1, old
        card = card.replace(old, new)
    return case(card)
