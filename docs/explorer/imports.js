const { REGIMES, SCHEMES, GOLDEN_RATIO, GOLDEN_TOLERANCE, SIDEREAL_DAY } = window.rhythmic;
const { BANDS, EXAMPLES, discriminant, roots, regime, isStable, poleRadius } = window.rhythmic;
const { frequency, decayTime, trajectory, drivenTrajectory, ringing, gain } = window.rhythmic;
const { weightsFromOscillator, oscillatorFromWeights, weightsFromPoles } = window.rhythmic;
const { oscillatorMotion, oscillatorResponse, sampledOscillatorResponse } = window.rhythmic;
const { backwardDifferenceDistortion, geometricLadder, sumRatio, joinedDistance } = window.rhythmic;
const { isGolden, neighbours, dayLadder } = window.rhythmic;
