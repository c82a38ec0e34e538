namespace Weir.PostgreSql;

/// <summary>
/// Whether the batches of a node may meet ids that are taken. Looking for each id before it is written costs a sixth of a batch; where nobody
/// repeats, the write finds out by itself, and the batch is decided again. So after a start, a repeat or anything else that lets a batch be
/// decided again the next batches look, until enough of them in a row have found nothing.
/// </summary>
/// <param name="batches">How many look in vain before the next do not.</param>
internal sealed class ExpectedRepeats(int batches = 64)
{
    private readonly int _batches = batches;
    private int _left = batches;

    public bool AreExpected => Volatile.Read(ref _left) > 0;

    /// <summary>A batch has looked.</summary>
    /// <param name="had">It had to: without a look it could not be decided.</param>
    /// <param name="found">How many of its ids are taken.</param>
    public void Looked(bool had, int found)
    {
        if (had || found > 0)
        {
            Volatile.Write(ref _left, _batches);
        }
        else
        {
            Interlocked.Decrement(ref _left);
        }
    }
}
