namespace Weir.Storage.Tests;

public sealed class BacklogTests
{
    private const int Bound = 500;

    private readonly SteppedTime _time = new();
    private readonly Backlog _backlog;

    public BacklogTests() => _backlog = new Backlog(Bound, _time);

    [Fact(DisplayName = "More open commands than a batch takes are a backlog after a second, also with short gaps, and for a second afterwards")]
    public void LastsAfterASecond()
    {
        for (int i = 0; i < 10; i++)
        {
            Assert.False(_backlog.Lasts);
            _backlog.Note(Bound + 1);
            _backlog.Note(Bound);
            _time.Advance(0.1);
        }

        _backlog.Note(Bound + 1);
        Assert.True(_backlog.Lasts);
        _time.Advance(0.99);
        Assert.True(_backlog.Lasts);
        _time.Advance(0.01);
        Assert.False(_backlog.Lasts);
    }

    [Fact(DisplayName = "Many events at once, once a second, are no backlog, on an idle writer and on one that always has something to do")]
    public void ManyAtOnce()
    {
        foreach (int beside in (int[])[0, Bound])
        {
            for (int i = 0; i < 30; i++)
            {
                _backlog.Note(2 * Bound);
                _time.Advance(0.05);
                _backlog.Note(Bound + 1);
                Assert.False(_backlog.Lasts);
                for (int rest = 0; rest < 19; rest++)
                {
                    _backlog.Note(beside);
                    _time.Advance(0.05);
                    Assert.False(_backlog.Lasts);
                }
            }
        }
    }

    [Fact(DisplayName = "As many open commands as a batch takes are never a backlog")]
    public void NotMore()
    {
        for (int i = 0; i < 100; i++)
        {
            _backlog.Note(Bound);
            _time.Advance(0.05);
            Assert.False(_backlog.Lasts);
        }
    }
}
