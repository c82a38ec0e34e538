namespace Weir;

/// <summary>
/// A set of keys that has a handful of members nearly always: a list until it grows. A hash set for each account of each batch would be
/// most of what a batch allocates.
/// </summary>
internal sealed class KeyList<T>
    where T : struct, IEquatable<T>
{
    private const int LargestList = 16;

    private readonly List<T> _keys = [];
    private HashSet<T>? _index;

    public IReadOnlyCollection<T> Keys => _keys;

    public bool Contains(T key) => _index?.Contains(key) ?? _keys.Contains(key);

    public void Add(T key)
    {
        if (Contains(key))
        {
            return;
        }

        _keys.Add(key);
        if (_keys.Count > LargestList)
        {
            _index ??= [.. _keys];
            _index.Add(key);
        }
    }
}
