namespace Weir.AspNetCore;

/// <summary>How many streams may be open at the same time, overall and for one account.</summary>
internal sealed class StreamPlaces(int most, int mostOfAccount)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(WorkspaceId Workspace, long Account), int> _taken = [];
    private int _all;

    /// <summary>A place until it is disposed, or null with the reason.</summary>
    public IDisposable? TryTake(WorkspaceId workspace, long account, out string reason)
    {
        lock (_gate)
        {
            int own = _taken.GetValueOrDefault((workspace, account));
            reason = own >= mostOfAccount ? $"The account has {own} streams open; at most {mostOfAccount}. Close one, or show several figures from one stream."
                : _all >= most ? $"{_all} streams are open; the server takes at most {most}. Ask for /usage/current from time to time instead."
                : "";
            if (reason.Length > 0)
            {
                return null;
            }

            _taken[(workspace, account)] = own + 1;
            _all++;
            return new Place(this, (workspace, account));
        }
    }

    private void Leave((WorkspaceId, long) key)
    {
        lock (_gate)
        {
            _all--;
            if (--_taken[key] == 0)
            {
                _taken.Remove(key);
            }
        }
    }

    private sealed class Place(StreamPlaces places, (WorkspaceId, long) key) : IDisposable
    {
        public void Dispose() => places.Leave(key);
    }
}
