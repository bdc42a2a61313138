// SPDX-License-Identifier: GPL-3.0-or-later
// Cloth by extended position-based dynamics (Macklin et al. 2016) with one iteration in each of many small steps
// (Macklin et al. 2019). Constraints are distances, sorted by colour: within a colour no point occurs twice, so they are
// solved side by side.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The lowest colour that neither end of a constraint (i, j) has yet; returns through `colors (count)`, 0..63.
void color(const int32_t *i, const int32_t *j, int64_t count, int64_t points, uint8_t *colors) {
    uint64_t *taken = calloc((size_t)points, sizeof *taken);
    for (int64_t c = 0; c < count; ++c) {
        uint64_t open = ~(taken[i[c]] | taken[j[c]]);
        int k = open ? __builtin_ctzll(open) : 63;
        colors[c] = (uint8_t)k;
        taken[i[c]] |= 1ull << k, taken[j[c]] |= 1ull << k;
    }
    free(taken);
}

typedef float four __attribute__((vector_size(16)));
typedef int32_t four_int __attribute__((vector_size(16)));

static four at(const float *points, int32_t v) { return *(const four *)(points + 4 * (int64_t)v); }

// Rows a, b, c, d of a 4 x 4 matrix become its columns.
#define TURN(a, b, c, d)                                                     \
    do {                                                                     \
        const four ab_low = __builtin_shuffle(a, b, (four_int){0, 4, 1, 5}),  \
                   ab_high = __builtin_shuffle(a, b, (four_int){2, 6, 3, 7}), \
                   cd_low = __builtin_shuffle(c, d, (four_int){0, 4, 1, 5}),  \
                   cd_high = __builtin_shuffle(c, d, (four_int){2, 6, 3, 7}); \
        a = __builtin_shuffle(ab_low, cd_low, (four_int){0, 1, 4, 5});        \
        b = __builtin_shuffle(ab_low, cd_low, (four_int){2, 3, 6, 7});        \
        c = __builtin_shuffle(ab_high, cd_high, (four_int){0, 1, 4, 5});      \
        d = __builtin_shuffle(ab_high, cd_high, (four_int){2, 3, 6, 7});      \
    } while (0)

// Distances of one colour, four at a time. `soft`: compliance over the squared step; below 0 the constraint only
// pushes, with compliance -soft.
static void solve(float *points, const int32_t *i, const int32_t *j, const float *rest, const float *soft,
                  int64_t first, int64_t end) {
    for (int64_t c = first; c < end; c += 4) {
        int32_t a[4], b[4];
        four length_wanted, give;
        int64_t left = end - c < 4 ? end - c : 4;
        for (int64_t k = 0; k < 4; ++k) {  // what is beyond the end repeats the last one
            int64_t e = c + (k < left ? k : left - 1);
            a[k] = i[e], b[k] = j[e], length_wanted[k] = rest[e], give[k] = soft[e];
        }
        four a0 = at(points, a[0]), a1 = at(points, a[1]), a2 = at(points, a[2]), a3 = at(points, a[3]);
        four b0 = at(points, b[0]), b1 = at(points, b[1]), b2 = at(points, b[2]), b3 = at(points, b[3]);
        four x = a0 - b0, y = a1 - b1, z = a2 - b2, t = a3 - b3, wa = {a0[3], a1[3], a2[3], a3[3]},
             wb = {b0[3], b1[3], b2[3], b3[3]};
        TURN(x, y, z, t);
        four square = x * x + y * y + z * z + 1e-14f, length;
        for (int k = 0; k < 4; ++k) length[k] = sqrtf(square[k]);
        four over = length - length_wanted;
        four_int slack = (give < 0) & (over > 0);
        over = (four)((four_int)over & ~slack);
        give = (four)((four_int)give & 0x7fffffff);
        four pull = over / (length * (wa + wb + give + 1e-9f));
        x *= pull, y *= pull, z *= pull, t = (four){0, 0, 0, 0};
        TURN(x, y, z, t);
        four *const to = (four *)points;
        const four moves[4] = {x, y, z, t}, as[4] = {a0, a1, a2, a3}, bs[4] = {b0, b1, b2, b3};
        for (int64_t k = 0; k < left; ++k) to[a[k]] = as[k] - wa[k] * moves[k], to[b[k]] = bs[k] + wb[k] * moves[k];
    }
}

// What is left of the way `moved` along a surface with normal n under a push of `depth`: what friction takes back.
static four held(four moved, four n, float depth, float slip) {
    four along = moved * n;
    moved -= (along[0] + along[1] + along[2]) * n;
    moved[3] = 0;
    four square = moved * moved;
    float size = sqrtf(square[0] + square[1] + square[2]);
    return size > 1e-12f ? fminf(1, slip * depth / size) * moved : (four){0, 0, 0, 0};
}

static float over(four from, four n) {
    four part = from * n;
    return part[0] + part[1] + part[2];
}

// `points (N, 4)`: x, y, z and inverse mass, 0 for those that are led; `before (N, 4)`.
// Contacts with the body, `planes (K, 12)` of points `on (K)`: point, friction, normal, most push, motion a step, 0.
// Contacts with cloth below, of points `above (L)` with `below (L)`: `apart (L, 4)` normal and least distance.
// `led (P)` points move by `drag (P, 4)` a step. `pull (4)`: acceleration times the squared step, 0.
void steps(float *points, float *before, int64_t count, const int32_t *i, const int32_t *j, const float *rest,
           const float *soft, const int64_t *bounds, int64_t colors, const float *planes, const int32_t *on,
           int64_t plane_count, const int32_t *above, const int32_t *below, const float *apart, int64_t pair_count,
           const int32_t *led, const float *drag, int64_t led_count, const float *pull, float keep, float slip,
           int64_t number) {
    four *q = (four *)points, *o = (four *)before;
    const four fall = at(pull, 0);
    for (int64_t s = 0; s < number; ++s) {
        for (int64_t v = 0; v < count; ++v) {
            four now = q[v];
            q[v] = now[3] > 0 ? now + keep * (now - o[v]) + fall : now;
            o[v] = now;
        }
        for (int64_t v = 0; v < led_count; ++v) q[led[v]] += at(drag, (int32_t)v);
        for (int64_t c = 0; c < colors; ++c) solve(points, i, j, rest, soft, bounds[c], bounds[c + 1]);
        for (int64_t k = 0; k < pair_count; ++k) {
            int64_t v = above[k], u = below[k];
            four n = at(apart, (int32_t)k);
            float wv = q[v][3], wu = q[u][3], depth = n[3] - over(q[v] - q[u], n);
            if (depth <= 0 || wv + wu <= 0) continue;
            wv /= wv + wu, wu = 1 - wv, n[3] = 0;
            q[v] += wv * depth * n, q[u] -= wu * depth * n;
            four back = held(q[v] - o[v] - q[u] + o[u], n, depth, slip);
            q[v] -= wv * back, q[u] += wu * back;
        }
        for (int64_t k = 0; k < plane_count; ++k) {
            int64_t v = on[k];
            if (q[v][3] <= 0) continue;
            four point = at(planes, (int32_t)(3 * k)), n = at(planes, (int32_t)(3 * k + 1)),
                 motion = at(planes, (int32_t)(3 * k + 2));
            float depth = -over(q[v] - point - (float)(s + 1) * motion, n);
            if (depth <= 0) continue;
            depth = fminf(depth, n[3]), n[3] = 0;
            q[v] += depth * n;
            q[v] -= held(q[v] - o[v] - motion, n, depth, point[3]);
        }
    }
}

// Area-weighted unit normals (N, 3) of points (N, stride).
void normals(const float *points, int64_t count, int64_t stride, const int32_t *faces, int64_t face_count, float *out) {
    memset(out, 0, sizeof(float) * 3 * (size_t)count);
    for (int64_t f = 0; f < face_count; ++f) {
        const int32_t *t = faces + 3 * f;
        float a[3], b[3];
        const float *q[3] = {points + stride * t[0], points + stride * t[1], points + stride * t[2]};
        for (int k = 0; k < 3; ++k) a[k] = q[1][k] - q[0][k], b[k] = q[2][k] - q[0][k];
        float n[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
        for (int c = 0; c < 3; ++c)
            for (int k = 0; k < 3; ++k) out[3 * (int64_t)t[c] + k] += n[k];
    }
    for (int64_t v = 0; v < count; ++v) {
        float *n = out + 3 * v, size = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        for (int k = 0; k < 3; ++k) n[k] = size > 1e-20f ? n[k] / size : 0;
    }
}

// For each query (Q, 3) the nearest target (P, 3) within `radius` whose group's bit is set in the query's `mask` and
// whose normal has a dot product with the query's of at least `least`; -1 where there is none.
void nearest(const float *target, const float *target_normal, const uint8_t *group, int64_t target_count,
             const float *query, const float *query_normal, const uint32_t *mask, int64_t query_count, float radius,
             float least, int32_t *found) {
    float low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (int64_t p = 0; p < target_count; ++p)
        for (int k = 0; k < 3; ++k)
            low[k] = fminf(low[k], target[3 * p + k]), high[k] = fmaxf(high[k], target[3 * p + k]);
    int64_t size[3], cells = 1;
    for (int k = 0; k < 3; ++k) {
        low[k] -= radius;
        size[k] = (int64_t)((high[k] - low[k]) / radius) + 2;
        cells *= size[k];
    }
    int32_t *start = calloc((size_t)cells + 1, sizeof *start), *order = malloc(sizeof *order * (size_t)target_count);
    int64_t *home = malloc(sizeof *home * (size_t)target_count);
    for (int64_t p = 0; p < target_count; ++p) {
        int64_t c[3];
        for (int k = 0; k < 3; ++k) c[k] = (int64_t)((target[3 * p + k] - low[k]) / radius);
        home[p] = (c[2] * size[1] + c[1]) * size[0] + c[0];
        ++start[home[p] + 1];
    }
    for (int64_t c = 0; c < cells; ++c) start[c + 1] += start[c];
    for (int64_t p = target_count - 1; p >= 0; --p) order[--start[home[p] + 1]] = (int32_t)p;
    // now the points of cell c lie from start[c + 1] on, and end where those of the next one begin
    for (int64_t v = 0; v < query_count; ++v) {
        const float *at = query + 3 * v, *n = query_normal + 3 * v;
        float best = radius * radius;
        int64_t c[3];
        found[v] = -1;
        for (int k = 0; k < 3; ++k) c[k] = (int64_t)floorf((at[k] - low[k]) / radius);
        static const int64_t around[3] = {0, -1, 1};  // the nearest cells first
        for (int z = 0; z < 3; ++z)
            for (int y = 0; y < 3; ++y)
                for (int x = 0; x < 3; ++x) {
                    int64_t dx = around[x], dy = around[y], dz = around[z], cx = c[0] + dx, cy = c[1] + dy, cz = c[2] + dz;
                    if (cx < 0 || cy < 0 || cz < 0 || cx >= size[0] || cy >= size[1] || cz >= size[2]) continue;
                    int64_t cell = (cz * size[1] + cy) * size[0] + cx, step[3] = {dx, dy, dz};
                    float away = 0;  // squared distance of the cell
                    for (int k = 0; k < 3; ++k) {
                        float in = (at[k] - low[k]) - radius * c[k], gap = step[k] > 0 ? radius - in : step[k] ? in : 0;
                        away += gap * gap;
                    }
                    if (away >= best) continue;
                    int64_t end = cell + 1 < cells ? start[cell + 2] : target_count;
                    for (int64_t s = start[cell + 1]; s < end; ++s) {
                        int64_t p = order[s];
                        const float *t = target + 3 * p, *m = target_normal + 3 * p;
                        float a = t[0] - at[0], b = t[1] - at[1], d = t[2] - at[2], far = a * a + b * b + d * d;
                        if (far < best && (mask[v] >> group[p] & 1) && n[0] * m[0] + n[1] * m[1] + n[2] * m[2] >= least)
                            best = far, found[v] = (int32_t)p;
                    }
                }
    }
    free(start), free(order), free(home);
}
