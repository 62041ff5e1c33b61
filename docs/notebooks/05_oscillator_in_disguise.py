# %% [markdown]
# # An oscillator in disguise
#
# Lecture: "Rhythmic RNN", from the damped harmonic oscillator to the summary.
#
# A weight on a spring, with friction:
#
# $$\ddot x + 2\beta\dot x + \omega^2 x = F, \qquad \omega = 2 \pi f$$
#
# Replace each derivative with a difference of steps $\Delta$, assume no forcing, collect terms:
#
# $$(1 + 2\beta\Delta + \omega^2\Delta^2)\,x_k - 2(1 + \beta\Delta)\,x_{k-1} + x_{k-2} = 0$$
#
# That is $x_k = w_1 x_{k-1} + w_2 x_{k-2}$: the rhythmic RNN.

# %%
import matplotlib.pyplot as plt
import numpy as np

import rhythmic
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## From the spring to the weights
#
# The slide's formula by hand, and the function that does it.

# %%
frequency = 10.0  # Change me: natural frequency in Hz
damping = 5.0  # Change me: 0, 2, 20, 40 (1/s)
dt = 2e-3  # Change me: 10e-3, 1e-3, 0.1e-3 (s)

omega = 2 * np.pi * frequency
bottom = 1 + 2 * damping * dt + omega**2 * dt**2
by_hand = 2 * (1 + damping * dt) / bottom, -1 / bottom

weights = rhythmic.weights_from_oscillator(omega, damping, dt)
exact = rhythmic.weights_from_oscillator(omega, damping, dt, scheme="exact")
print(f"by hand            w1 = {by_hand[0]:.4f}, w2 = {by_hand[1]:.4f}")
print(f"by the library     w1 = {weights.w1:.4f}, w2 = {weights.w2:.4f}")
print(f"exact oscillator   w1 = {exact.w1:.4f}, w2 = {exact.w2:.4f}")

# %% [markdown]
# ## How good is the disguise?
#
# The spring is pulled to $x = 1$ and let go. Its own motion is the grey line. The lecture's
# differences are an approximation; there are also weights that are exact, whose node goes through
# the spring's own motion.

# %%
times = np.arange(0, 0.6, dt)  # s
spring = rhythmic.oscillator_motion(omega, damping, times).position
nodes = {
    name: rhythmic.second_order_trajectory(*pair, spring[0], spring[1], len(times) - 1)
    for name, pair in (("differences", weights), ("exact weights", exact))
}

figure, axes = plt.subplots(figsize=(10, 4))
axes.plot(1e3 * times, spring, color="0.75", linewidth=7, label="spring")
axes.plot(1e3 * times, nodes["differences"], color="C1", label="lecture's differences")
axes.plot(1e3 * times, nodes["exact weights"], "--", color="C0", label="exact weights")
axes.set(xlabel="time (ms)", ylabel="position x", title=f"step {1e3 * dt:g} ms")
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
# ## The price of a step
#
# Backward differences damp by themselves, and ring a little slow. Smaller steps cost time and mend
# both. (A `nan` stands for a node that does not ring at all.)

# %%
steps = np.array([10e-3, 5e-3, 2e-3, 1e-3, 0.5e-3, 0.1e-3])  # Change me: s
pairs = rhythmic.weights_from_oscillator(omega, damping, steps)
rings_at = rhythmic.node_frequency(*pairs, steps)
falls_in = rhythmic.decay_time(*pairs, steps)
true_frequency = np.sqrt(omega**2 - damping**2 + 0j).real / (2 * np.pi)

print("step (ms)   rings at (Hz)   falls to 1/e in (ms)")
for step, hertz, seconds in zip(steps, rings_at, falls_in, strict=True):
    print(f"{1e3 * step:9.1f}   {hertz:13.3f}   {1e3 * seconds:20.1f}")
if damping > 0:
    print(f"   spring   {true_frequency:13.3f}   {1e3 / damping:20.1f}")

# %% [markdown]
# ## Pushed by a rhythm
#
# Now the forcing $F$: push the spring with a sine and see how far it swings in the end. It answers
# best near its own frequency. This is why a layer of such nodes can tell rhythms apart.

# %%
dampings = (2.0, 5.0, 20.0)  # Change me: 1/s, above 0
pushed_at = np.linspace(1, 25, 481)  # Hz

figure, axes = plt.subplots(figsize=(9, 4))
for beta, style in zip(dampings, ("-", "--", ":"), strict=False):
    answer = np.abs(rhythmic.oscillator_response(omega, beta, pushed_at))
    axes.plot(pushed_at, 1e3 * answer, style, label=rf"$\beta$ = {beta:g} / s")
axes.set_xlabel("frequency of the push (Hz)")
axes.set_ylabel("swing for a push of 1 (10⁻³ s²)")
axes.legend()
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** Take the friction away, $\beta = 0$. The spring swings for ever. Does the lecture's node?
#
# <details><summary>Answer</summary>
#
# No. Without friction $w_2 = -1 / (1 + \omega^2\Delta^2)$, so the roots have the modulus
# $1 / \sqrt{1 + \omega^2\Delta^2} < 1$, and the envelope falls to 1/e in
# $2 \Delta / \ln(1 + \omega^2\Delta^2)$, about $2 / (\omega^2\Delta)$: half a second for 10 Hz in
# steps of 1 ms.
#
# ```python
# omega_10 = 2 * np.pi * 10
# free = rhythmic.weights_from_oscillator(omega_10, 0.0, 1e-3)
# lasts = rhythmic.decay_time(*free, 1e-3)
# print(f"{lasts:.3f} s")
# assert abs(rhythmic.pole_radius(*free) - 1 / np.sqrt(1 + (omega_10 * 1e-3) ** 2)) < 1e-12
# assert np.isclose(lasts, 2e-3 / np.log(1 + (omega_10 * 1e-3) ** 2))
# for_ever = rhythmic.weights_from_oscillator(omega_10, 0.0, 1e-3, scheme="exact")
# assert for_ever.w2 == -1
# ```
#
# </details>

# %% [markdown]
# **2.** For 10 Hz and $\beta = 5$ / s, how small must $\Delta$ be for the decay time to be right
# within ten per cent?
#
# <details><summary>Answer</summary>
#
# The differences add about $\omega^2\Delta/2$ to $\beta$. A tenth of $\beta$ is 0.5 / s, so
# $\Delta = 2 \cdot 0.5 / \omega^2 = 0.25$ ms: 400 steps a cycle. A search agrees:
#
# ```python
# tried = np.linspace(1e-5, 2e-3, 2000)
# found = rhythmic.weights_from_oscillator(2 * np.pi * 10, 5.0, tried)
# error = 1 - rhythmic.decay_time(*found, tried) * 5.0
# largest = tried[error < 0.1].max()
# print(f"{1e3 * largest:.3f} ms")
# assert abs(largest - 2 * 0.5 / (2 * np.pi * 10) ** 2) < 0.15 * largest
# ```
#
# </details>

# %% [markdown]
# **3.** Is the answer to a push strongest exactly at the natural frequency? How much friction takes
# the peak away?
#
# <details><summary>Answer</summary>
#
# It peaks at $\sqrt{\omega^2 - 2\beta^2} / 2\pi$, a little below. With $\beta > \omega/\sqrt 2$,
# 44 / s for 10 Hz, there is no peak: the slowest push moves it most.
#
# ```python
# omega_10 = 2 * np.pi * 10
# fine = np.linspace(0, 25, 250_001)
# for beta in (5.0, 20.0, 50.0):
#     peak = fine[np.argmax(np.abs(rhythmic.oscillator_response(omega_10, beta, fine)))]
#     predicted = rhythmic.oscillator_resonance(omega_10, beta).frequency
#     print(f"beta {beta:g} / s: {peak:.3f} Hz")
#     assert abs(peak - predicted) < 1e-3
#     assert abs(peak - np.sqrt(max(omega_10**2 - 2 * beta**2, 0)) / (2 * np.pi)) < 1e-3
# ```
#
# </details>
