namespace Weir;

/// <summary>How bad it is what a self-check found.</summary>
public enum FindingLevel
{
    /// <summary>It works, and there is a way in which it will not.</summary>
    Warning = 0,

    /// <summary>Something acknowledged could be lost, one workspace could see another, or nodes cannot serve.</summary>
    Fault = 1,
}

/// <summary>Something about a store, or about what it stands on, that is not as it has to be.</summary>
/// <param name="Check">What was looked at, for programs: <c>fsync</c>, <c>row_security</c>.</param>
/// <param name="What">Half a sentence: <c>the setting fsync is off: what is acknowledged could be lost</c>.</param>
/// <param name="Remedy">What to do, half a sentence.</param>
public sealed record Finding(FindingLevel Level, string Check, string What, string Remedy)
{
    public override string ToString() => $"{What}; {Remedy}";
}

/// <summary>What <c>weir doctor</c> says.</summary>
/// <param name="Subject">What was looked at, without what is secret.</param>
/// <param name="Findings">Faults first.</param>
public sealed record Examination(string Subject, IReadOnlyList<Finding> Findings)
{
    public bool IsSound => Findings.All(finding => finding.Level != FindingLevel.Fault);
}
