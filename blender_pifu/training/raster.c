// SPDX-License-Identifier: GPL-3.0-or-later
// Orthographic z-buffer rasteriser: which triangle is seen in each pixel, where in it, and how deep.
#include <math.h>
#include <stdint.h>

// vertices (V, 3) field space; faces (T, 3); alpha (V) or NULL: fragments under 0.5 are dropped. Row 0 is y = +1.
// sign +1 keeps the largest z (seen from the front), -1 the smallest. index is filled with -1 and depth with -INF before.
void rasterize(const float *vertices, const int32_t *faces, int64_t face_count, const float *alpha, int32_t size,
               float sign, int32_t *index, float *barycentric, float *depth) {
    const double half = 0.5 * size;
    for (int64_t t = 0; t < face_count; ++t) {
        const int32_t *f = faces + 3 * t;
        double x[3], y[3], z[3];
        for (int k = 0; k < 3; ++k) {
            const float *v = vertices + 3 * (int64_t)f[k];
            x[k] = (v[0] + 1.0) * half - 0.5;
            y[k] = (1.0 - v[1]) * half - 0.5;
            z[k] = sign * v[2];
        }
        double area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
        if (fabs(area) < 1e-12) continue;
        int x0 = (int)ceil(fmax(0, fmin(x[0], fmin(x[1], x[2])))), x1 = (int)floor(fmin(size - 1, fmax(x[0], fmax(x[1], x[2]))));
        int y0 = (int)ceil(fmax(0, fmin(y[0], fmin(y[1], y[2])))), y1 = (int)floor(fmin(size - 1, fmax(y[0], fmax(y[1], y[2]))));
        for (int row = y0; row <= y1; ++row)
            for (int column = x0; column <= x1; ++column) {
                // Pixels on an edge belong to both triangles: no cracks; the z-buffer settles it.
                double a = ((x[1] - column) * (y[2] - row) - (x[2] - column) * (y[1] - row)) / area;
                double b = ((x[2] - column) * (y[0] - row) - (x[0] - column) * (y[2] - row)) / area;
                double c = 1 - a - b;
                if (a < -1e-9 || b < -1e-9 || c < -1e-9) continue;
                double d = a * z[0] + b * z[1] + c * z[2];
                int64_t pixel = (int64_t)row * size + column;
                if (d <= depth[pixel]) continue;
                if (alpha && a * alpha[f[0]] + b * alpha[f[1]] + c * alpha[f[2]] < 0.5) continue;
                depth[pixel] = (float)d;
                index[pixel] = (int32_t)t;
                barycentric[2 * pixel] = (float)a;
                barycentric[2 * pixel + 1] = (float)b;
            }
    }
}
