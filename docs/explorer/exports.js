window.rhythmic = {
  ...{ REGIMES, SCHEMES, GOLDEN_RATIO, GOLDEN_TOLERANCE, SIDEREAL_DAY, BANDS, EXAMPLES },
  ...{ discriminant, roots, regime, regimeCode, isStable, isOscillatory, poleRadius },
  ...{ frequency, decayTime, trajectory, drivenTrajectory, ringing, frequencyResponse, gain },
  ...{ weightsFromOscillator, oscillatorFromWeights, weightsFromPoles, oscillatorMotion },
  ...{ oscillatorResponse, forcingWeights, sampledOscillatorResponse },
  ...{ backwardDifferenceDistortion },
  ...{ geometricLadder, sumRatio, rungOffset, joinedDistance, frequencySum, joinedFrequency },
  ...{ isGolden, neighbours, dayLadder },
};
