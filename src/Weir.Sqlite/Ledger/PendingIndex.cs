using System.Runtime.InteropServices;

namespace Weir.Sqlite;

/// <summary>
/// Rows of an index by random 64-bit keys that are committed but not in its table yet. They lie in slices of the key space; a slice is
/// written as a whole, so that neighbours share their pages. What was written last stays for readers whose look at the file is older.
/// The owner guards it.
/// </summary>
internal sealed class PendingIndex
{
    private readonly Slice[] _pending = [.. Enumerable.Range(0, Pending.Slices).Select(_ => new Slice())];
    private readonly Slice[] _written = [.. Enumerable.Range(0, Pending.Slices).Select(_ => new Slice())];

    public void Add(int workspace, long key, long reference) => _pending[Pending.SliceOf(key)].Add(workspace, key, reference);

    /// <summary>Adds the references of a key to a list, which is made when there is one.</summary>
    /// <param name="withWritten">Also what has been written lately: the writer itself finds that in the table.</param>
    public void Find(int workspace, long key, bool withWritten, ref List<long>? references)
    {
        int slice = Pending.SliceOf(key);
        _pending[slice].Find(workspace, key, ref references);
        if (withWritten)
        {
            _written[slice].Find(workspace, key, ref references);
        }
    }

    /// <summary>Takes a row out that is not written yet.</summary>
    public void Forget(int workspace, long key, long reference) => _pending[Pending.SliceOf(key)].Remove(workspace, key, reference);

    /// <summary>The rows of a slice in the order of their keys.</summary>
    public Slice Sorted(int slice)
    {
        _pending[slice].Sort();
        return _pending[slice];
    }

    /// <summary>The slice has been written.</summary>
    public void Wrote(int slice)
    {
        (_pending[slice], _written[slice]) = (_written[slice], _pending[slice]);
        _pending[slice].Clear();
    }

    public void Clear()
    {
        for (int slice = 0; slice < Pending.Slices; slice++)
        {
            _pending[slice].Clear();
            _written[slice].Clear();
        }
    }

    /// <summary>Keys stand apart from the rest, so that one look compares several of them.</summary>
    internal sealed class Slice
    {
        private readonly List<long> _keys = [];
        private readonly List<(int Workspace, long Reference)> _rows = [];

        public void Add(int workspace, long key, long reference)
        {
            _keys.Add(key);
            _rows.Add((workspace, reference));
        }

        public void Find(int workspace, long key, ref List<long>? references)
        {
            ReadOnlySpan<long> keys = CollectionsMarshal.AsSpan(_keys);
            int from = 0;
            for (int at = keys.IndexOf(key); at >= 0; at = keys[from..].IndexOf(key))
            {
                (int ofWorkspace, long reference) = _rows[from + at];
                if (ofWorkspace == workspace)
                {
                    (references ??= []).Add(reference);
                }

                from += at + 1;
            }
        }

        public void Remove(int workspace, long key, long reference)
        {
            for (int i = _keys.Count - 1; i >= 0; i--)
            {
                if (_keys[i] == key && _rows[i] == (workspace, reference))
                {
                    _keys.RemoveAt(i);
                    _rows.RemoveAt(i);
                }
            }
        }

        public void Sort() => CollectionsMarshal.AsSpan(_keys).Sort(CollectionsMarshal.AsSpan(_rows));

        public void Clear()
        {
            _keys.Clear();
            _rows.Clear();
        }

        /// <summary>Writes the rows with a statement whose parameters are workspace, key and reference.</summary>
        public void Write(Statement insert)
        {
            for (int i = 0; i < _keys.Count; i++)
            {
                insert.Bind(1, _rows[i].Workspace).Bind(2, _keys[i]).Bind(3, _rows[i].Reference).Run();
            }
        }
    }
}
