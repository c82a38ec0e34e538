using Weir.Chaos;

namespace Weir.Server.Tests.Chaos;

/// <summary>What judges the chaos run of holders finds each fault that it looks for, and nothing where there is none.</summary>
public sealed class HolderAuditTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    [Fact(DisplayName = "SLOT-1: the audit of leases sees one lease too many, and lets one begin when another ends")]
    public void TooMany()
    {
        Lease[] leases = [Of("a", 1, 0, 10), Of("b", 2, 3, 8), Of("c", 3, 8, 12), Of("d", 4, 10, 11)];
        Assert.Empty(HolderAudit.TooMany("here", leases, 2));
        Assert.Single(HolderAudit.TooMany("here", [.. leases, Of("e", 5, 9.999999, 10)], 2));
        Assert.Equal(3, HolderAudit.TooMany("here", leases, 1).Count());
    }

    [Fact(DisplayName = "SLOT-1: the audit of leases sees a fence that comes again or goes back")]
    public void Fences()
    {
        Assert.Empty(HolderAudit.FencesBack([Of("b", 2, 1, 2), Of("a", 1, 0, 9), Of("c", 7, 2, 3)]));
        Assert.Single(HolderAudit.FencesBack([Of("a", 1, 0, 9), Of("b", 1, 1, 2)]));
        Assert.Single(HolderAudit.FencesBack([Of("a", 2, 0, 9), Of("b", 1, 1, 2)]));
    }

    [Fact(DisplayName = "RES-1: the audit of looks sees what is held after the last end, and what a living holder has lost")]
    public void StillHeld()
    {
        Dictionary<string, DateTimeOffset> ends = new(StringComparer.Ordinal) { ["a"] = At(5), ["b"] = At(5) };
        static (decimal, int) Kept(string place) => place == "kept" ? (7, 1) : (0, 0);
        Assert.Empty(HolderAudit.StillHeld([new Look("a", At(4.9), 3, 1), new Look("a", At(5), 0, 0), new Look("kept", At(0), 7, 1), new Look("never", At(0), 0, 0)], ends, Kept));
        Assert.Equal(
            5,
            HolderAudit.StillHeld(
                [new Look("a", At(5), 3, 0), new Look("b", At(6), 0, 1), new Look("kept", At(1), 0, 0), new Look("kept", At(1), 7, 0), new Look("never", At(0), 1, 0)], ends, Kept).Count());
    }

    [Fact(DisplayName = "SLOT-1: the audit of leases sees one that ended before what its holder was told")]
    public void CutShort()
    {
        Dictionary<string, DateTimeOffset> told = new(StringComparer.Ordinal) { ["a"] = At(10), ["b"] = At(10) };
        Assert.Empty(HolderAudit.CutShort([Of("a", 1, 0, 10), Of("b", 1, 0, 4)], told, new HashSet<string>(StringComparer.Ordinal) { "b" }));
        Assert.Single(HolderAudit.CutShort([Of("a", 1, 0, 9.9), Of("b", 1, 0, 11)], told, new HashSet<string>(StringComparer.Ordinal)));
    }

    [Fact(DisplayName = "SLOT-1: the audit of the frozen holder sees when its old fence was taken, or its use was not recorded")]
    public void NotFenced()
    {
        HolderLine[] right =
        [
            new("reserved", Said: ""), new("refused", Said: "extend 409 reservation_ended expired"), new("ending"), new("refused", Said: "commit 409 stale_fence expired"), new("ended", Said: "commit 200 expired"),
        ];
        Assert.Empty(HolderAudit.NotFenced(right));
        Assert.Single(HolderAudit.NotFenced([.. right.Where(line => !line.Said.Contains("stale", StringComparison.Ordinal))]));
        Assert.Single(HolderAudit.NotFenced(right[..^1]));
        Assert.Single(HolderAudit.NotFenced([new("ended", Said: "commit 200 committed")]));
    }

    private static DateTimeOffset At(double seconds) => s_start.AddSeconds(seconds);

    private static Lease Of(string id, long fence, double start, double end) => new("acme", "render", id, fence, At(start), At(end));
}
