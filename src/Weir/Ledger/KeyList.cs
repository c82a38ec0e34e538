namespace Weir;

/// <summary>
/// A set of keys that has a handful of members nearly always: a list until it grows. A hash set for each account of each batch would be
/// most of what a batch allocates.
/// </summary>
internal sealed class KeyList<T>
    where T : struct, IEquatable<T>
{
    private const int LargestList = 16;

    private List<T>? _keys;
    private HashSet<T>? _index;

    public IReadOnlyList<T> Keys => _keys is null ? [] : _keys;

    public bool Contains(T key) => _index?.Contains(key) ?? _keys?.Contains(key) ?? false;

    public void Add(T key)
    {
        if (Contains(key))
        {
            return;
        }

        (_keys ??= new List<T>(2)).Add(key);
        if (_keys.Count > LargestList)
        {
            _index ??= [.. _keys];
            _index.Add(key);
        }
    }
}
