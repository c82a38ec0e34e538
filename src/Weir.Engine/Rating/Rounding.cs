namespace Weir.Engine;

/// <summary>How a charge is brought to its meter's scale. It happens once, at the end of rating.</summary>
public enum Rounding
{
    /// <summary>What does not fit the scale is refused.</summary>
    Exact,

    /// <summary>To the nearest smallest unit, halves away from zero.</summary>
    Nearest,

    /// <summary>To the next smallest unit away from zero.</summary>
    Up,
}
