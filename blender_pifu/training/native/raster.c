// SPDX-License-Identifier: GPL-3.0-or-later
// Orthographic z-buffer rasteriser: which triangle is seen in each pixel from the front and from behind, what its
// corners' values are there, and which points a lamp reaches. Field space in, row 0 at y = +1. Depth is kept as
// "nearness": z for the front, -z for the back, -INF where nothing is, so larger always hides smaller.
#include <math.h>
#include <stdint.h>

enum { SUB = 256 };  // vertices are snapped to 1/256 pixel, so edges are exact integers and neighbours agree on them

// pixel_xy (V, 2): scratch that receives vertices in 1/256 pixels, pixel centres on whole pixels.
void snap(const float *vertices, int64_t count, int64_t size, int32_t *pixel_xy) {
    const float half = 0.5f * size, far = 1e6f;  // beyond `far` pixels edges would overflow; NaN lands there as well
    for (int64_t v = 0; v < count; ++v) {
        float x = (vertices[3 * v] + 1.0f) * half - 0.5f, y = (1.0f - vertices[3 * v + 1]) * half - 0.5f;
        pixel_xy[2 * v] = (int32_t)lrintf(fminf(fmaxf(x, -far), far) * SUB);
        pixel_xy[2 * v + 1] = (int32_t)lrintf(fminf(fmaxf(y, -far), far) * SUB);
    }
}

typedef struct {
    int64_t x[3], y[3], area;  // corners turned so that area > 0
    int order[3];              // which corner of the face each one is
} Triangle;

static int load(const int32_t *pixel_xy, const int32_t *face, Triangle *t) {
    for (int k = 0; k < 3; ++k) {
        t->x[k] = pixel_xy[2 * (int64_t)face[k]];
        t->y[k] = pixel_xy[2 * (int64_t)face[k] + 1];
        t->order[k] = k;
    }
    t->area = (t->x[1] - t->x[0]) * (t->y[2] - t->y[0]) - (t->y[1] - t->y[0]) * (t->x[2] - t->x[0]);
    if (t->area < 0) {
        int64_t x = t->x[1], y = t->y[1];
        t->x[1] = t->x[2], t->y[1] = t->y[2], t->order[1] = 2;
        t->x[2] = x, t->y[2] = y, t->order[2] = 1;
        t->area = -t->area;
    }
    return t->area > 0;
}

static int64_t edge(const Triangle *t, int k, int64_t column, int64_t row) {  // > 0 inside, of the edge facing corner k
    int a = (k + 1) % 3, b = (k + 2) % 3;
    return (t->x[b] - t->x[a]) * (row * SUB - t->y[a]) - (t->y[b] - t->y[a]) * (column * SUB - t->x[a]);
}

static int64_t low3(const int64_t *v) { return v[0] < v[1] ? (v[0] < v[2] ? v[0] : v[2]) : (v[1] < v[2] ? v[1] : v[2]); }
static int64_t high3(const int64_t *v) { return v[0] > v[1] ? (v[0] > v[2] ? v[0] : v[2]) : (v[1] > v[2] ? v[1] : v[2]); }

// alpha (V) or NULL: fragments under 0.5 are dropped. The index buffers may be NULL: depth only.
void rasterize(const float *vertices, const int32_t *pixel_xy, const int32_t *faces, int64_t face_count,
               const float *alpha, int64_t size, int32_t *front_index, float *front, int32_t *back_index, float *back) {
    for (int64_t p = 0; p < (int64_t)size * size; ++p) {
        front[p] = back[p] = -INFINITY;
        if (front_index) front_index[p] = back_index[p] = -1;
    }
    for (int64_t f = 0; f < face_count; ++f) {
        const int32_t *face = faces + 3 * f;
        Triangle t;
        if (!load(pixel_xy, face, &t)) continue;
        int64_t x0 = (low3(t.x) + SUB - 1) >> 8, x1 = high3(t.x) >> 8, y0 = (low3(t.y) + SUB - 1) >> 8, y1 = high3(t.y) >> 8;
        if (x0 < 0) x0 = 0;
        if (y0 < 0) y0 = 0;
        if (x1 > size - 1) x1 = size - 1;
        if (y1 > size - 1) y1 = size - 1;
        if (x0 > x1 || y0 > y1) continue;
        int64_t start[3], along_x[3], along_y[3];
        float z[3], opacity[3] = {1, 1, 1}, share = 1.0f / (float)t.area;
        for (int k = 0; k < 3; ++k) {
            int64_t dx = t.x[(k + 2) % 3] - t.x[(k + 1) % 3], dy = t.y[(k + 2) % 3] - t.y[(k + 1) % 3];
            int top_left = dy < 0 || (dy == 0 && dx > 0);
            start[k] = edge(&t, k, x0, y0) - !top_left;  // a pixel on a shared edge belongs to one side only
            along_x[k] = -dy * SUB, along_y[k] = dx * SUB;
            int32_t v = face[t.order[k]];
            z[k] = vertices[3 * (int64_t)v + 2];
            if (alpha) opacity[k] = alpha[v];
        }
        for (int64_t row = y0; row <= y1; ++row) {
            int64_t a = start[0], b = start[1], c = start[2];
            for (int64_t column = x0; column <= x1; ++column) {
                if ((a | b | c) >= 0) {
                    float u = a * share, v = b * share, w = 1 - u - v, d = u * z[0] + v * z[1] + w * z[2];
                    int64_t p = row * size + column;
                    if ((d > front[p] || -d > back[p]) && u * opacity[0] + v * opacity[1] + w * opacity[2] >= 0.5f) {
                        if (d > front[p]) {
                            front[p] = d;
                            if (front_index) front_index[p] = (int32_t)f;
                        }
                        if (-d > back[p]) {
                            back[p] = -d;
                            if (back_index) back_index[p] = (int32_t)f;
                        }
                    }
                }
                a += along_x[0], b += along_x[1], c += along_x[2];
            }
            for (int k = 0; k < 3; ++k) start[k] += along_y[k];
        }
    }
}

// Weights (P, 3) of the face's corners at the given pixels, (row * size + column), of the faces seen there.
void barycentric(const int32_t *pixel_xy, const int32_t *faces, int64_t size, const int64_t *pixels,
                 const int32_t *seen, int64_t count, float *weights) {
    for (int64_t p = 0; p < count; ++p) {
        Triangle t;
        load(pixel_xy, faces + 3 * (int64_t)seen[p], &t);
        for (int k = 0; k < 3; ++k)
            weights[3 * p + t.order[k]] = (float)edge(&t, k, pixels[p] % size, pixels[p] / size) / (float)t.area;
    }
}

// values (V, channels) at each fragment -> out (P, channels)
void interpolate(const int32_t *faces, const int32_t *seen, const float *weights, int64_t count, const float *values,
                 int64_t channels, float *out) {
    for (int64_t p = 0; p < count; ++p) {
        const int32_t *face = faces + 3 * (int64_t)seen[p];
        const float *w = weights + 3 * p, *a = values + (int64_t)face[0] * channels,
                    *b = values + (int64_t)face[1] * channels, *c = values + (int64_t)face[2] * channels;
        for (int64_t k = 0; k < channels; ++k) out[p * channels + k] = w[0] * a[k] + w[1] * b[k] + w[2] * c[k];
    }
}

// Share of light that reaches points (P, 3) in the lamp's own field space (it shines along -z, sign +1, or +z, sign -1):
// (2 * ring + 1)^2 bilinear comparisons with its depth map, `spread` texels apart.
void reach(const float *points, int64_t count, const float *nearness, int64_t size, float sign, float bias,
           int64_t ring, float spread, float *share) {
    const float half = 0.5f * size, last = size - 1.001f;
    const float taps = (2 * ring + 1) * (2 * ring + 1);
    for (int64_t p = 0; p < count; ++p) {
        float x = (points[3 * p] + 1) * half - 0.5f, y = (1 - points[3 * p + 1]) * half - 0.5f;
        float z = sign * points[3 * p + 2] + bias, sum = 0;
        for (int64_t j = -ring; j <= ring; ++j)
            for (int64_t i = -ring; i <= ring; ++i) {
                float tx = fminf(fmaxf(x + i * spread, 0), last), ty = fminf(fmaxf(y + j * spread, 0), last);
                int32_t column = (int32_t)tx, row = (int32_t)ty;
                float u = tx - column, v = ty - row;
                const float *d = nearness + (int64_t)row * size + column;
                sum += (1 - v) * ((1 - u) * (d[0] <= z) + u * (d[1] <= z)) +
                       v * ((1 - u) * (d[size] <= z) + u * (d[size + 1] <= z));
            }
        share[p] = sum / taps;
    }
}
