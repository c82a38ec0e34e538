namespace Transcription;

/// <summary>Counts uploads on their way together with the jobs that wait or run, so that neither the disk nor the queue fills without end.</summary>
internal sealed class UploadGate(JobOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _uploads = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>A place until it is disposed, or null when there is none.</summary>
    public IDisposable? Enter(string user, JobStore store)
    {
        lock (_gate)
        {
            int own = _uploads.GetValueOrDefault(user);
            if (own + store.CountOpen(user) >= options.MostOpenPerUser || _all + store.CountOpen(null) >= options.MostOpen)
            {
                return null;
            }

            _uploads[user] = own + 1;
            _all++;
        }

        return new Place(this, user);
    }

    private void Leave(string user)
    {
        lock (_gate)
        {
            _all--;
            if (--_uploads[user] == 0)
            {
                _uploads.Remove(user);
            }
        }
    }

    private sealed class Place(UploadGate gate, string user) : IDisposable
    {
        public void Dispose() => gate.Leave(user);
    }
}
