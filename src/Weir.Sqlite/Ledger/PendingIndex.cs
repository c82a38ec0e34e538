using System.Runtime.InteropServices;

namespace Weir.Sqlite;

/// <summary>
/// Rows of an index by random 64-bit keys that are committed but not in its table yet. They lie in slices of the key space; a slice is
/// written as a whole, so that neighbours share their pages. What was written last stays for readers whose look at the file is older.
/// The owner guards it.
/// </summary>
internal sealed class PendingIndex
{
    private readonly List<Row>[] _pending = [.. Enumerable.Range(0, Pending.Slices).Select(_ => new List<Row>())];
    private readonly List<Row>[] _written = [.. Enumerable.Range(0, Pending.Slices).Select(_ => new List<Row>())];

    public void Add(int workspace, long key, long reference) => _pending[Pending.SliceOf(key)].Add(new Row(workspace, key, reference));

    /// <summary>Adds the references of a key to a list, which is made when there is one.</summary>
    public void Find(int workspace, long key, ref List<long>? references)
    {
        int slice = Pending.SliceOf(key);
        Find(_written[slice], workspace, key, ref references);
        Find(_pending[slice], workspace, key, ref references);
    }

    /// <summary>The rows of a slice in the order of the table.</summary>
    public List<Row> Sorted(int slice)
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

    private static void Find(List<Row> rows, int workspace, long key, ref List<long>? references)
    {
        foreach (Row row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.Key == key && row.Workspace == workspace)
            {
                (references ??= []).Add(row.Reference);
            }
        }
    }

    internal readonly record struct Row(int Workspace, long Key, long Reference) : IComparable<Row>
    {
        public int CompareTo(Row other)
        {
            int order = Workspace.CompareTo(other.Workspace);
            order = order != 0 ? order : Key.CompareTo(other.Key);
            return order != 0 ? order : Reference.CompareTo(other.Reference);
        }
    }
}
