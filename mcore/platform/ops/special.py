"""The error function, which NumPy lacks: W. J. Cody, "Rational Chebyshev approximations for the error function" (1969).

His three ranges and coefficients, as in SPECFUN's CALERF; in float64 the error is a few units in the last place.
"""

from __future__ import annotations

import numpy as np

_SMALL = 0.46875
_LARGE = 4.0

# erf(x) = x * P(x²) / Q(x²) for |x| <= 0.46875
_P1 = (
    1.85777706184603153e-1,
    3.16112374387056560e00,
    1.13864154151050156e02,
    3.77485237685302021e02,
    3.20937758913846947e03,
)
_Q1 = (1.0, 2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03, 2.84423683343917062e03)
# erfc(x) = exp(-x²) * P(x) / Q(x) for 0.46875 < x <= 4
_P2 = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e00,
    6.61191906371416295e01,
    2.98635138197400131e02,
    8.81952221241769090e02,
    1.71204761263407058e03,
    2.05107837782607147e03,
    1.23033935479799725e03,
)
_Q2 = (
    1.0,
    1.57449261107098347e01,
    1.17693950891312499e02,
    5.37181101862009858e02,
    1.62138957456669019e03,
    3.29079923573345963e03,
    4.36261909014324716e03,
    3.43936767414372164e03,
    1.23033935480374942e03,
)
# erfc(x) = exp(-x²) / x * (1 / sqrt(pi) - P(1 / x²) / (Q(1 / x²) * x²)) for x > 4
_P3 = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_Q3 = (
    1.0,
    2.56852019228982242e00,
    1.87295284992346047e00,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)


def erf(x: np.ndarray) -> np.ndarray:
    """The error function of ``x`` in float64; NaN stays NaN."""
    shape, x = x.shape, x.astype(np.float64).reshape(-1)
    result = np.sign(x)  # from |x| = 6 on erf is 1 in float64
    size = np.abs(x)
    small, large = size <= _SMALL, (size > _LARGE) & (size < 6.0)
    middle = (size > _SMALL) & (size <= _LARGE)
    square = np.square(x[small])
    result[small] = x[small] * np.polyval(_P1, square) / np.polyval(_Q1, square)
    y = size[middle]
    result[middle] *= 1 - np.exp(-y * y) * np.polyval(_P2, y) / np.polyval(_Q2, y)
    y = size[large]
    inverse = 1 / (y * y)
    tail = inverse * np.polyval(_P3, inverse) / np.polyval(_Q3, inverse)
    result[large] *= 1 - np.exp(-y * y) / y * (1 / np.sqrt(np.pi) - tail)
    return result.reshape(shape)
