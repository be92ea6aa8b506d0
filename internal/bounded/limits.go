package bounded

// Every upper bound of the product that protects it against hostile input
// stands in this table. A limit reached is a result with the limit's name,
// never a silent cut.
const (
	MaxNesting           = 5             // containers inside containers
	MaxRecursion         = 128           // JSON, protobuf, HDF5 structures
	MaxPickleDepth       = 10_000        // nested pickle values
	MaxMemoIndex         = 1 << 24       // pickle memo
	MaxMemoBytes         = 32 << 20      // what one pickle memo takes, bytes
	MaxPickleStack       = 1 << 21       // values and marks on the pickle stack at one time
	MaxArchiveEntries    = 1_000_000     // members of one archive
	MaxExpansionRatio    = 200           // decoded bytes per stored byte, beyond the floor
	ExpansionFloor       = 64 << 20      // decoded bytes that are always allowed
	MaxArchiveHeader     = 64 << 20      // list of files of a 7z archive, bytes
	MaxSolidWindow       = 32 << 20      // dictionaries of one folder of a 7z archive together, bytes
	MaxTensorHeader      = 100 << 20     // header of a tensor format, bytes
	MaxTensorNames       = 250_000       // tensors, or keys, of one file whose names are kept in memory
	MaxNumpyHeader       = 1 << 20       // header of a NumPy array, bytes
	MaxWindow            = 8 << 20       // dictionary of compressed data, bytes
	MaxBlock             = 16 << 20      // one allocation asked for by a file
	MaxItems             = 200_000_000   // opcodes, entries, tokens of one file with all nesting
	MaxNestedWork        = 1_000_000_000 // bytes decoded again because a reader went back
	MaxStringKept        = 64 << 10      // longest string a reader keeps in memory, bytes
	MaxObjectKeys        = 2_000_000     // keys of all open JSON objects together
	MaxGapsPerFile       = 100           // unexplained ranges listed one by one
	MaxFindings          = 1_000         // findings listed for one file
	MaxFiles             = 1_000_000     // files of one artifact
	MaxPathBytes         = 4096          // one path
	MaxTextBytes         = 1 << 30       // one text file validated to its end
	MaxTreeNodes         = 1 << 21       // nodes of one decision tree
	MaxXMLDepth          = 10_000        // XML elements inside of each other
	MaxRDepth            = 5_000         // R values inside of each other
	MaxRCode             = 1 << 20       // instructions of one compiled R function
	MaxRReferences       = 400_000       // symbols and environments of one R file
	MaxFlatbufferObjects = 1_000_000     // tables, vectors and strings of one FlatBuffers file
	MaxMarshalValues     = 1 << 19       // values of one marshal stream kept in memory
	MaxHDF5Objects       = 200_000       // groups, datasets and types of one HDF5 file
	MaxHDF5Chunks        = 2_000_000     // chunks of all datasets of one HDF5 file
	MaxTableChunks       = 1_000_000     // columns of all row groups of one Parquet file
	MaxFreeSpace         = 64 << 20      // unused space of one HDF5 file that is searched, bytes
)

// Limits is the table by name, for reports and statements.
func Limits() map[string]int64 {
	return map[string]int64{
		"nesting": MaxNesting, "recursion": MaxRecursion, "pickle-depth": MaxPickleDepth,
		"memo-index": MaxMemoIndex, "memo-bytes": MaxMemoBytes, "pickle-stack": MaxPickleStack, "archive-entries": MaxArchiveEntries,
		"expansion-ratio": MaxExpansionRatio, "expansion-floor": ExpansionFloor,
		"tensor-header": MaxTensorHeader, "tensor-names": MaxTensorNames, "numpy-header": MaxNumpyHeader, "window": MaxWindow,
		"archive-header-size": MaxArchiveHeader, "solid-window": MaxSolidWindow, "block": MaxBlock, "items": MaxItems,
		"nested-work": MaxNestedWork, "string-kept": MaxStringKept, "object-keys": MaxObjectKeys, "gaps-per-file": MaxGapsPerFile,
		"findings": MaxFindings, "files": MaxFiles, "path-bytes": MaxPathBytes, "text-bytes": MaxTextBytes,
		"marshal-values": MaxMarshalValues, "hdf5-objects": MaxHDF5Objects, "hdf5-chunks": MaxHDF5Chunks, "free-space": MaxFreeSpace,
		"table-chunks":       MaxTableChunks,
		"flatbuffer-objects": MaxFlatbufferObjects, "tree-nodes": MaxTreeNodes, "r-depth": MaxRDepth, "xml-depth": MaxXMLDepth, "r-code": MaxRCode, "r-references": MaxRReferences,
	}
}
