namespace Weir.PostgreSql;

/// <summary>
/// Whether the batches of a node meet ids that are taken. Looking for each id before it is written costs a seventh of a batch; where nobody
/// repeats, the write finds out by itself, and the batch is decided again. So after a repeat the next batches look, until none is met.
/// </summary>
internal sealed class ExpectedRepeats
{
    private const int Batches = 64;

    private int _left = Batches;

    public bool AreExpected => Volatile.Read(ref _left) > 0;

    /// <summary>A batch that did not look has met one.</summary>
    public void Met() => Volatile.Write(ref _left, Batches);

    /// <summary>A batch has looked.</summary>
    public void Looked(int found)
    {
        if (found > 0)
        {
            Met();
        }
        else
        {
            Interlocked.Decrement(ref _left);
        }
    }
}
