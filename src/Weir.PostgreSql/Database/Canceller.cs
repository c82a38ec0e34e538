using System.Collections.Concurrent;

namespace Weir.PostgreSql;

/// <summary>
/// Cancels statements from a thread of its own. Npgsql asks the database to cancel over a further connection, and waits for that on the
/// thread that cancels; while the database stands still that thread is lost, and it must be none of those that serve. Whoever stops waiting
/// goes at once; his connection comes free when the database answers, or at the statement's time-out.
/// </summary>
internal sealed class Canceller : IDisposable
{
    private readonly BlockingCollection<CancellationTokenSource> _asked = [];
    private readonly Lazy<Thread> _thread;

    public Canceller() => _thread = new Lazy<Thread>(Start);

    /// <param name="work">With the token that cancels its statements.</param>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? await CancellableAsync(work, cancellationToken).WaitAsync(cancellationToken)
            : await work(CancellationToken.None);

    public void Dispose() => _asked.CompleteAdding();

    private async Task<T> CancellableAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using CancellationTokenSource statements = new();
        await using CancellationTokenRegistration asked = cancellationToken.UnsafeRegister(static (state, _) =>
        {
            (Canceller canceller, CancellationTokenSource statements) = ((Canceller, CancellationTokenSource))state!;
            canceller.Ask(statements);
        }, (this, statements));
        return await work(statements.Token);
    }

    private void Ask(CancellationTokenSource statements)
    {
        _ = _thread.Value;
        if (!_asked.IsAddingCompleted)
        {
            _asked.TryAdd(statements);
        }
    }

    private Thread Start()
    {
        Thread thread = new(Run) { IsBackground = true, Name = "weir cancel" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        foreach (CancellationTokenSource statements in _asked.GetConsumingEnumerable())
        {
            try
            {
                statements.Cancel();
            }
            catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
            {
                // It ended by itself meanwhile, or its connection broke: there is nothing left to cancel.
            }
        }
    }
}
