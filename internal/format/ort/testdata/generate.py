"""Write testdata/clean with ONNX Runtime.

usage: generate.py, in an empty folder: files go to ort/
onnxruntime 1.31.1, onnx 1.23.2, Python 3.11.
"""
import numpy as np, onnx, onnxruntime as ort, os
from onnx import helper as h, TensorProto as T, numpy_helper as nh
os.makedirs('ort',exist_ok=True)
rng=np.random.default_rng(0)
def save(name,model,level=ort.GraphOptimizationLevel.ORT_DISABLE_ALL):
    model.ir_version=8
    onnx.checker.check_model(model)
    o=ort.SessionOptions(); o.optimized_model_filepath='ort/'+name; o.add_session_config_entry('session.save_model_format','ORT'); o.graph_optimization_level=level
    o.log_severity_level=3
    ort.InferenceSession(model.SerializeToString(),o,providers=['CPUExecutionProvider']); print(name,os.path.getsize('ort/'+name))
def vi(n,t,s): return h.make_tensor_value_info(n,t,s)
w=nh.from_array(rng.standard_normal((8,4)).astype('f4'),'w')
g=h.make_graph([h.make_node('MatMul',['x','w'],['y']),h.make_node('Relu',['y'],['z'])],'dense',[vi('x',T.FLOAT,[1,8])],[vi('z',T.FLOAT,[1,4])],[w],doc_string='A dense layer')
m=h.make_model(g,opset_imports=[h.make_opsetid('',17)],producer_name='tiny'); m.metadata_props.add(key='license',value='MIT')
save('dense.ort',m); save('dense_opt.ort',m,ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
then=h.make_graph([h.make_node('Add',['x','one'],['t'])],'then',[],[vi('t',T.FLOAT,[1])],[nh.from_array(np.ones(1,'f4'),'one')])
els=h.make_graph([h.make_node('Sub',['x','two'],['e'])],'else',[],[vi('e',T.FLOAT,[1])],[nh.from_array(2*np.ones(1,'f4'),'two')])
g=h.make_graph([h.make_node('Greater',['x','zero'],['c']),h.make_node('If',['c'],['y'],then_branch=then,else_branch=els)],'flow',[vi('x',T.FLOAT,[1])],[vi('y',T.FLOAT,[1])],[nh.from_array(np.zeros(1,'f4'),'zero')])
save('flow.ort',h.make_model(g,opset_imports=[h.make_opsetid('',17)]))
g=h.make_graph([h.make_node('LabelEncoder',['x'],['y'],domain='ai.onnx.ml',keys_strings=['cat','dog'],values_int64s=[1,2],default_int64=0)],'labels',[vi('x',T.STRING,[None])],[vi('y',T.INT64,[None])])
save('labels.ort',h.make_model(g,opset_imports=[h.make_opsetid('',17),h.make_opsetid('ai.onnx.ml',2)]))
q=rng.integers(0,255,(3,3),dtype=np.uint8)
g=h.make_graph([h.make_node('DequantizeLinear',['q','s','zp'],['d']),h.make_node('Conv',['x','k'],['c'],pads=[1,1,1,1]),h.make_node('Gelu',['c'],['y'],domain='com.microsoft')],'conv',[vi('x',T.FLOAT,[1,1,8,8])],[vi('y',T.FLOAT,[1,2,8,8]),vi('d',T.FLOAT,[3,3])],
  [nh.from_array(q,'q'),nh.from_array(np.float32(0.1),'s'),nh.from_array(np.uint8(3),'zp'),nh.from_array(rng.standard_normal((2,1,3,3)).astype('f4'),'k')])
save('conv.ort',h.make_model(g,opset_imports=[h.make_opsetid('',17),h.make_opsetid('com.microsoft',1)]))
